//! Links, drop boxes, group shares.

use sharesync_emulator::Emulator;

use super::soap::{Client, all, element, one, receive};

fn shared(client: &Client, list: &str, path: &str) -> String {
    format!("<{list}><Item><Type>file</Type>{}</Item></{list}>", client.at(path))
}

#[tokio::test]
async fn a_general_link_is_for_everybody_with_its_password() {
    let client = Client::start().await;
    client.put("a/f", "shared");
    let defaults = format!(
        "{}<RecipientsEmailAddresses>GENERALLINK</RecipientsEmailAddresses><SendEmail>N</SendEmail>\
         <ElinkPassWord>secret</ElinkPassWord>",
        shared(&client, "ELinkItems", "\\a\\f")
    );
    let answer = client.ok("SendItemsELinkWithDefaults", &defaults).await;
    assert_eq!(one(&answer, "ELinkSent").as_deref(), Some("true"));
    let url = one(&answer, "URL").expect("an address");
    assert_eq!(client.get(&url).await.status, 403);
    assert_eq!(client.get(&format!("{url}&password=wrong")).await.status, 403);
    assert_eq!(client.get(&format!("{url}&password=secret")).await.text, "shared");
    assert!(!url.contains("secret"));

    let limited = format!(
        "<Parameters>{}<RecipientEmails>GENERALLINK</RecipientEmails><ShareDays>1</ShareDays><DownloadLimit>1</DownloadLimit></Parameters>",
        shared(&client, "FileShareLinkItems", "\\a\\f")
    );
    let url = one(&client.ok("SendFileShareLink", &limited).await, "URL").expect("an address");
    assert_eq!(receive(client.http.head(&url)).await.status, 200);
    assert_eq!((client.get(&url).await.status, client.get(&url).await.status), (200, 404));
    client.refused("SendFileShareLink", &limited.replace("GENERALLINK", "")).await;
    client.refused("SendFileShareLink", &limited.replace("\\f", "\\none")).await;
    client
        .refused("SendFileShareLink", "<Parameters><RecipientEmails>GENERALLINK</RecipientEmails></Parameters>")
        .await;
}

#[tokio::test]
async fn every_recipient_gets_an_address() {
    let client = Client::start().await;
    client.put("f", "shared");
    let request = format!(
        "{}<RecipientsEmailAddresses>a@example.com; b@example.com</RecipientsEmailAddresses>\
         <ReadOnlyPermission>Y</ReadOnlyPermission>",
        shared(&client, "ELinkItems", "\\f")
    );
    let answer = client.ok("SendItemsELink", &request).await;
    assert_eq!(all(&answer, "EmailID"), ["a@example.com", "b@example.com"]);
    let urls = all(&answer, "URL");
    assert_ne!(urls[0], urls[1]);
    let page = client.get(&urls[0]).await;
    assert!(page.text.contains("<p>f</p>") && !page.text.contains("shared<"), "{}", page.text);
    let shares = client.emulator.drive().shares();
    assert_eq!(shares.len(), 2);
    assert_eq!(shares[0].recipients, ["a@example.com"]);
}

#[tokio::test]
async fn a_drop_box_takes_files() {
    let client = Client::start().await;
    client.put("inbox/f", "old");
    let request = format!(
        "{}<RecipientsEmailAddresses>GENERALLINK</RecipientsEmailAddresses>",
        element("DropFolderPath", &client.path("\\inbox"))
    );
    let answer = client.ok("SendDropboxLink", &request).await;
    assert!(answer.contains("<SendDropboxLinkResponse xmlns=\"http://api.filesanywhere.com/\"><SendDropboxLink>"));
    let url = one(&answer, "URL").expect("an address");
    assert_eq!(client.get(&url).await.status, 200);
    assert_eq!(receive(client.http.post(format!("{url}&name=f")).body("new")).await.status, 200);
    assert_eq!(receive(client.http.post(format!("{url}&name=a%5Cb")).body("new")).await.status, 400);
    assert_eq!(receive(client.http.post(format!("{url}x&name=f")).body("new")).await.status, 403);
    assert_eq!(client.names("\\inbox").await, ["f", "f (1)"]);
}

#[tokio::test]
async fn group_shares_give_rights_to_others() {
    let directory = tempfile::tempdir().expect("a directory");
    let builder = || {
        let users = Emulator::builder().user("one@example.com", "1").user("two@example.com", "2");
        users.user("three@example.com", "3").directory(directory.path())
    };
    let mut client = Client::with(builder()).await;
    client.put("team/deep/f", "text");
    client.put("private/f", "secret");
    let team = element("SharedFolderName", &client.path("\\team"));
    let share = |level: &str| {
        format!(
            "<UserAccountsWithWhomToShareFolder>two@example.com;nobody@example.com</UserAccountsWithWhomToShareFolder>\
             {team}<SharedFolderAccessLevel>{level}</SharedFolderAccessLevel>"
        )
    };
    let answer = client.ask("GroupShareAdd2", &share("R")).await.text;
    assert_eq!(all(&answer, "UserAdded"), ["true", "false"]);
    assert_eq!(one(&answer, "GroupShareCreated").as_deref(), Some("true"));
    client.refused("GroupShareAdd2", &share("Z")).await;
    let third = "<UserAccountWithWhomToShareFolder>three@example.com</UserAccountWithWhomToShareFolder>\
                 <SharedFolderName>team</SharedFolderName><SharedFolderAccessLevel>F</SharedFolderAccessLevel>";
    client.ok("GroupShareAdd", third).await;
    let members = client.ok("ListGroupShareUsers", "<SharedFolderName>team</SharedFolderName>").await;
    assert_eq!(
        (all(&members, "Username").len(), all(&members, "Permission")),
        (2, vec!["R".to_owned(), "F".to_owned()])
    );

    let owner = client.token.clone();
    client.token = client.login("two@example.com", "2").await;
    let volumes = client.ok("ListUserVolumes2", "").await;
    assert_eq!(all(&volumes, "Permission"), ["F", "R"]);
    assert_eq!(all(&volumes, "Path")[1], "\\one@example.com\\team");
    let path = element("Path", "\\one@example.com\\team");
    assert_eq!(all(&client.ok("ListItems2", &path).await, "Name"), ["deep"]);
    client.refused("ListItems2", &element("Path", "\\one@example.com")).await;
    client.refused("ListItems2", &element("Path", "\\one@example.com\\private")).await;
    client.refused("CreateFolder", &format!("{path}<NewFolderName>x</NewFolderName>")).await;
    client.token = owner;
    client.ask("GroupShareAdd2", &share("C")).await;
    client.token = client.login("two@example.com", "2").await;
    client.ok("CreateFolder", &format!("{path}<NewFolderName>x</NewFolderName>")).await;
    let delete =
        "<ItemsToDelete><Item><Type>folder</Type><Path>\\one@example.com\\team\\x</Path></Item></ItemsToDelete>";
    client.refused("DeleteItems", delete).await;

    let Client { emulator, .. } = client;
    emulator.shutdown().await;
    let mut client = Client::with(builder()).await;
    let members = client.ok("ListGroupShareUsers", "<SharedFolderName>team</SharedFolderName>").await;
    assert_eq!(all(&members, "Permission"), ["C", "F"], "the drive keeps the shares");
    let remove = "<SharedFolderName>team</SharedFolderName><UserAccountsToRemove>two@example.com;one@example.com\
                  </UserAccountsToRemove><SendEmail>false</SendEmail>";
    assert_eq!(all(&client.ask("GroupShareRemove", remove).await.text, "UserRemoved"), ["true", "false"]);
    let stopped = client.ok("StopSharingGroupShare", "<SharedFolderName>team</SharedFolderName>").await;
    assert_eq!(all(&stopped, "Username"), ["three@example.com"]);
    client.refused("StopSharingGroupShare", "<SharedFolderName>team</SharedFolderName>").await;
    client.token = client.login("three@example.com", "3").await;
    assert_eq!(all(&client.ok("ListUserVolumes2", "").await, "Path").len(), 1);
}
