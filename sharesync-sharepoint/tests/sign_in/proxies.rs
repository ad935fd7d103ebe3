//! Proxies that ask for credentials of their own (status 407) in the middle of a sign-in.

use sharesync_core::ErrorKind;
use sharesync_sharepoint::auth::Auth;

use crate::farm::{DOMAIN, Farm, PASSWORD, Reply, USER};
use crate::{get, sign_in};

#[tokio::test]
async fn a_proxy_that_asks_for_credentials_is_told_in_every_sign_in() {
    let ways = vec![
        Auth::bearer("hush"),
        Auth::basic(USER, PASSWORD),
        Auth::forms(USER, PASSWORD),
        Auth::windows(DOMAIN, USER, PASSWORD),
    ];
    #[cfg(feature = "ntlm")]
    let ways = [ways, vec![Auth::ntlm(DOMAIN, USER, PASSWORD)]].concat();
    for auth in ways {
        let farm = Farm::open(|_| Reply::new(407, "<html>").with("Proxy-Authenticate", "Basic realm=\"proxy\""));
        let way = format!("{auth:?}");
        let said = async {
            let signed_in = sign_in(&farm, auth).await?;
            let pipeline = sharesync_core::http::Pipeline::builder("sharepoint", signed_in.transport);
            pipeline.config(crate::limits()).build().bytes(get(&farm, "/a")).await
        };
        let error = said.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{way}: {error}");
        assert!(error.to_string().contains("the proxy asks for credentials"), "{way}: {error}");
        assert_eq!(farm.seen().len(), 1, "{way}: it is not asked again");
    }
}

#[tokio::test]
async fn the_page_of_a_proxy_is_no_word_of_the_service_in_any_sign_in() {
    for (status, expected) in [
        (403, ErrorKind::Protocol),
        (404, ErrorKind::Protocol),
        (409, ErrorKind::Protocol),
        (423, ErrorKind::Protocol),
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
        (507, ErrorKind::Unavailable),
    ] {
        for auth in [Auth::forms(USER, PASSWORD), Auth::windows(DOMAIN, USER, PASSWORD), Auth::basic(USER, PASSWORD)] {
            let page = "<html><body>blocked</body></html>";
            let farm = Farm::open(move |_| Reply::new(status, page).with("Content-Type", "text/html"));
            let way = format!("{auth:?}");
            let said = async {
                let digest = sign_in(&farm, auth).await?.digest.unwrap();
                digest.value().await.map(drop)
            };
            let error = said.await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (expected, Some(status)), "{way}: {error}");
        }
    }
}
