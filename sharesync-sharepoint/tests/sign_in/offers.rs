//! The way that a site offers to Windows users.

use sharesync_core::ErrorKind;
use sharesync_sharepoint::auth::Auth;

use crate::farm::{DOMAIN, Farm, PASSWORD, Reply, USER};
use crate::{client, get, sign_in};

fn alice() -> Auth {
    Auth::windows(DOMAIN, USER, PASSWORD)
}

fn offering(schemes: &'static [&'static str]) -> Farm {
    Farm::open(move |seen| {
        if !seen.header("authorization").is_empty() {
            return Reply::new(200, seen.header("authorization"));
        }
        schemes.iter().fold(Reply::new(401, ""), |reply, scheme| reply.with("WWW-Authenticate", *scheme))
    })
}

#[tokio::test]
async fn basic_is_for_who_allows_it() {
    let farm = offering(&["Basic realm=\"farm\""]);
    let refused = sign_in(&farm, alice()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(farm.seen().iter().all(|seen| seen.header("authorization").is_empty()), "nothing is given away");
    assert_eq!(farm.seen()[0].target, "/sites/team/_api/web");
    let client = client(&farm, alice().or_basic()).await.unwrap();
    assert!(client.bytes(get(&farm, "/a")).await.unwrap().starts_with(b"Basic "));
}

#[cfg(feature = "ntlm")]
#[tokio::test]
async fn ntlm_goes_before_basic_and_within_negotiate() {
    for scheme in ["NTLM", "Negotiate"] {
        let farm = Farm::of_scheme(scheme, |_| Reply::new(200, "fine"));
        let client = client(&farm, alice().or_basic()).await.unwrap();
        assert_eq!(client.bytes(get(&farm, "/a")).await.unwrap(), "fine");
        assert_eq!(farm.handshakes(), 1, "{scheme}");
    }
    let farm = offering(&["Basic realm=\"farm\"", "NTLM"]);
    assert!(format!("{:?}", sign_in(&farm, alice().or_basic()).await.unwrap()).contains("mechanism: Ntlm"));
}

#[tokio::test]
async fn who_names_controllers_does_not_get_ntlm() {
    let with_kdcs = || alice().with_kdcs(["dc1.example.test"]).or_basic();
    let farm = offering(&["NTLM", "Basic realm=\"farm\""]);
    let refused = sign_in(&farm, with_kdcs()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(refused.to_string().contains("weaker than the Kerberos asked for"), "{refused}");
    let farm = offering(&["Negotiate", "NTLM", "Basic realm=\"farm\""]);
    let chosen = sign_in(&farm, with_kdcs()).await;
    #[cfg(feature = "kerberos")]
    assert!(format!("{:?}", chosen.unwrap()).contains("mechanism: Kerberos"));
    #[cfg(not(feature = "kerberos"))]
    assert!(chosen.unwrap_err().to_string().contains("feature `kerberos`"));
    assert!(farm.seen().iter().all(|seen| seen.header("authorization").is_empty()), "nothing is given away");
}

#[cfg(not(feature = "ntlm"))]
#[tokio::test]
async fn what_is_not_built_in_is_said() {
    let farm = offering(&["NTLM"]);
    for auth in [alice(), Auth::ntlm(DOMAIN, USER, PASSWORD)] {
        let error = sign_in(&farm, auth).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("feature `ntlm`"), "{error}");
    }
}

#[tokio::test]
async fn what_a_site_does_not_offer_is_said() {
    for (reply, kind) in [
        (Reply::new(302, "").with("Location", "/_login/default.aspx"), ErrorKind::Unsupported),
        (Reply::new(401, "").with("WWW-Authenticate", "Bearer"), ErrorKind::Unsupported),
        (Reply::new(401, ""), ErrorKind::Unsupported),
        (Reply::new(200, "<html></html>"), ErrorKind::Config),
    ] {
        let farm = Farm::open(move |_| reply.clone());
        assert_eq!(sign_in(&farm, alice().or_basic()).await.unwrap_err().kind(), kind);
        assert_eq!(farm.seen().len(), 1);
    }
}
