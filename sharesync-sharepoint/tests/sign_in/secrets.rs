//! What signs in is in no log, no error and no `Debug`.

use sharesync_core::http::Call;
use sharesync_sharepoint::auth::Auth;

use crate::farm::{DOMAIN, Farm, PASSWORD, Reply, USER};
use crate::log::Log;
use crate::{client, sign_in};

#[tokio::test]
async fn nothing_of_it_is_told() {
    let log = Log::taken();

    let farm = Farm::ntlm(|_| Reply::new(200, r#"{"FormDigestValue":"0xHUSHED"}"#));
    let auth = Auth::ntlm(DOMAIN, USER, PASSWORD);
    let mut told = format!("{auth:?} {:?} {:?}", Auth::windows(DOMAIN, USER, PASSWORD), Auth::forms(USER, PASSWORD));
    told += &format!("{:?} {:?}", Auth::basic(USER, PASSWORD), Auth::bearer(PASSWORD));
    let signed_in = sign_in(&farm, auth.clone()).await.unwrap();
    assert_eq!(signed_in.digest.as_ref().unwrap().value().await.unwrap().expose(), "0xHUSHED");
    told += &format!("{signed_in:?}");
    let client = client(&farm, auth).await.unwrap();
    client.bytes(Call::post("Test.Post", farm.url("/write"))).await.unwrap();
    let wrong = Farm::of_another_password();
    let error = self::client(&wrong, Auth::ntlm(DOMAIN, USER, PASSWORD)).await.unwrap();
    let error = error.bytes(Call::get("Test.Get", wrong.url("/a"))).await.unwrap_err();
    told += &format!("{error} {error:?}");

    told += &log.text();
    assert!(told.contains("Test.Post"), "the log is empty");
    for secret in [PASSWORD, "pässword", "0xHUSHED", "TlRMTVNTUAAD", "4E544C4D53535000"] {
        assert!(!told.contains(secret), "{secret} in:\n{told}");
    }
}
