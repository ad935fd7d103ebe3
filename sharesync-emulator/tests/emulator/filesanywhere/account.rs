//! Signing in and out, and what belongs to an account.

use std::time::Duration;

use sharesync_emulator::Emulator;

use super::soap::{Client, element, one};

#[tokio::test]
async fn a_login_needs_key_organisation_name_and_password() {
    let client = Client::start().await;
    let (name, password) = (client.account().username(), client.account().password());
    let good = client.credentials(name, password);
    for (from, to) in [
        (client.account().api_key(), "wrong"),
        ("<OrgID>50", "<OrgID>51"),
        (name, "nobody@example.com"),
        (password, "wrong"),
        ("ENCRYPTEDNO", "ENCRYPTEDYES"),
        ("ENCRYPTEDNO", "SOMETHING"),
    ] {
        let answer = client.call("AccountLogin", &good.replace(from, to)).await;
        assert_eq!(one(&answer.text, "Token"), None, "{to}: {}", answer.text);
        assert_ne!(one(&answer.text, "ErrorMessage").unwrap_or_default(), "", "{to}");
    }
    let answer = client.ok("AccountLogin", &good).await;
    let kept = one(&answer, "ClientEncryptedPassword").expect("an encrypted password");
    assert_ne!(kept, password);
    let again = client.credentials(name, &kept).replace("ENCRYPTEDNO", "ENCRYPTEDYES");
    assert!(one(&client.ok("AccountLogin", &again).await, "Token").is_some());
}

#[tokio::test]
async fn tokens_end_by_time_and_by_logout() {
    let client = Client::with(Emulator::builder().token_lifetime(Duration::from_millis(300))).await;
    client.ok("ListUserVolumes2", "").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(client.refused("ListUserVolumes2", "").await, "The token is invalid or has expired.");

    let mut client = Client::start().await;
    assert_eq!(one(&client.ok("Logout", "").await, "LoggedOut").as_deref(), Some("true"));
    client.refused("ListUserVolumes2", "").await;
    let (name, password) = (client.account().username().to_owned(), client.account().password().to_owned());
    client.token = client.login(&name, &password).await;
    client.ok("ListUserVolumes2", "").await;
    client.emulator.expire_tokens();
    client.refused("ListUserVolumes2", "").await;
}

#[tokio::test]
async fn the_account_tells_of_itself() {
    let client = Client::start().await;
    client.put("f", "12345");
    let details = client.ok("GetAccountDetails", "").await;
    assert_eq!(one(&details, "StorageUsageInBytes").as_deref(), Some("5"));
    assert_eq!(one(&details, "EmailAddress").as_deref(), Some(client.account().username()));
    let key = element("APIKey", client.account().api_key());
    let url = client.ok("GetAPIURL", &format!("{key}<ClientId>50</ClientId>")).await;
    assert_eq!(one(&url, "APIURL"), Some(client.account().files_endpoint()));
    let code = format!("{key}<Parameters><CompanyCode>emulator</CompanyCode></Parameters>");
    assert_eq!(one(&client.ok("GetClientID", &code).await, "ClientID").as_deref(), Some("50"));
    client.refused("GetClientID", &code.replace("emulator", "other")).await;
}

#[tokio::test]
async fn a_registered_device_signs_in_without_a_password() {
    let client = Client::start().await;
    let request = format!(
        "<APIKey>{}</APIKey><Parameters><ClientID>50</ClientID><UserName>{}</UserName><MachineID>m</MachineID>\
         <MappingID>1</MappingID><DeviceID>d1</DeviceID></Parameters>",
        client.account().api_key(),
        client.account().username()
    );
    client.refused("ValidateSSOUser", &request).await;
    client.refused("GetNotifications", "<DeviceId>d1</DeviceId>").await;
    client.ok("RegisterDevice", "<DeviceId>d1</DeviceId><DeviceToken />").await;
    client.ok("GetNotifications", "<DeviceId>d1</DeviceId>").await;
    assert!(one(&client.ok("ValidateSSOUser", &request).await, "Token").is_some());
}

#[tokio::test]
async fn a_user_who_is_added_signs_in() {
    let client = Client::start().await;
    let request = format!(
        "<OrgID>50</OrgID><CompanyCode>emulator</CompanyCode><CompanyAdminUserID>{}</CompanyAdminUserID>\
         <CompanyPassword>{}</CompanyPassword><LoginUserName>new@example.com</LoginUserName><Password>secret</Password>",
        client.account().username(),
        client.account().password()
    );
    client.refused("UserAdd", &request.replace("CompanyPassword>", "Other>")).await;
    assert_eq!(one(&client.ok("UserAdd", &request).await, "UserCreated").as_deref(), Some("true"));
    client.refused("UserAdd", &request).await;
    assert_ne!(client.login("new@example.com", "secret").await, "");
}

#[tokio::test]
async fn the_ready_line_has_what_a_client_needs() {
    let emulator = Emulator::builder().filesanywhere("key", 7).start().await.expect("an emulator");
    let line: serde_json::Value = serde_json::from_str(&emulator.ready_line()).expect("JSON");
    let entry = &line["providers"]["filesanywhere"];
    assert_eq!((entry["api_key"].as_str(), entry["org_id"].as_i64()), (Some("key"), Some(7)));
    for name in ["endpoint", "sync_endpoint", "files_endpoint", "username", "password"] {
        assert!(entry[name].is_string(), "{name}");
    }
    assert!(!format!("{:?}", emulator.filesanywhere()).contains("emulated-password"));
}
