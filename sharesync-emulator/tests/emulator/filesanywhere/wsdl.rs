//! The WSDL and the help pages: they describe what is served.

use super::soap::{Client, Version};

/// What the service's own page of ChangeList shows between the envelope's first line and its end.
const REQUEST: &str = "    <ChangeList xmlns=\"http://api.filesanywhere.com/\">
      <Token>string</Token>
      <Parameters>
        <LocalDate>dateTime</LocalDate>
        <ChangeType>short</ChangeType>
        <FolderExceptionList>
          <long>long</long>
          <long>long</long>
        </FolderExceptionList>
        <FileExceptionList>
          <long>long</long>
          <long>long</long>
        </FileExceptionList>
      </Parameters>
    </ChangeList>
";
const RESPONSE: &str = "    <ChangeListResponse xmlns=\"http://api.filesanywhere.com/\">
      <ChangeListResult>
        <HeaderChanged>boolean</HeaderChanged>
        <ChangedFileList>
          <ChangeFileItem>
            <ParentFolderID>long</ParentFolderID>
            <Name>string</Name>
            <Size>long</Size>
            <Checksum>string</Checksum>
          </ChangeFileItem>
          <ChangeFileItem>
            <ParentFolderID>long</ParentFolderID>
            <Name>string</Name>
            <Size>long</Size>
            <Checksum>string</Checksum>
          </ChangeFileItem>
        </ChangedFileList>
        <ChangedFolderList>
          <ChangeItem>
            <ItemId>int</ItemId>
            <Path>string</Path>
            <ActionCode>short</ActionCode>
            <LastEventDate>dateTime</LastEventDate>
          </ChangeItem>
          <ChangeItem>
            <ItemId>int</ItemId>
            <Path>string</Path>
            <ActionCode>short</ActionCode>
            <LastEventDate>dateTime</LastEventDate>
          </ChangeItem>
        </ChangedFolderList>
        <SyncEndDate>dateTime</SyncEndDate>
        <OffsetDate>double</OffsetDate>
        <FullSync>boolean</FullSync>
      </ChangeListResult>
    </ChangeListResponse>
";

#[tokio::test]
async fn the_help_page_shows_the_samples_of_the_service() {
    let client = Client::start().await;
    let page = client.get(&format!("{}?op=ChangeList", client.account().sync_endpoint())).await;
    let text = page.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    for (prefix, namespace) in
        [("soap", "http://schemas.xmlsoap.org/soap/envelope/"), ("soap12", "http://www.w3.org/2003/05/soap-envelope")]
    {
        for sample in [REQUEST, RESPONSE] {
            let whole = format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{prefix}:Envelope \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
                 xmlns:{prefix}=\"{namespace}\">\n  <{prefix}:Body>\n{sample}  </{prefix}:Body>\n</{prefix}:Envelope>"
            );
            assert!(text.contains(&whole), "{whole}\nis not in\n{text}");
        }
    }
    assert_eq!(client.get(&format!("{}?op=Nothing", client.account().sync_endpoint())).await.status, 404);
}

#[tokio::test]
async fn every_operation_is_in_the_wsdl_and_is_served_in_both_versions() {
    let mut client = Client::start().await;
    let mut served = 0;
    for url in [client.account().sync_endpoint(), client.account().files_endpoint()] {
        let wsdl = client.get(&format!("{url}?WSDL")).await;
        assert!(wsdl.headers["content-type"].to_str().expect("text").starts_with("text/xml"));
        assert!(wsdl.text.contains(&format!("<soap:address location=\"{url}\"/>")), "{}", wsdl.text);
        assert!(wsdl.text.contains(&format!("<soap12:address location=\"{url}\"/>")));
        let index = client.get(&url).await.text;
        let port_type = wsdl.text.split("</wsdl:portType>").next().expect("a port type");
        let names =
            port_type.split("<wsdl:operation name=\"").skip(1).map(|rest| rest.split('"').next().expect("a name"));
        for name in names {
            served += 1;
            assert!(index.contains(&format!("?op={name}\"")), "{name}");
            assert_eq!(client.get(&format!("{url}?op={name}")).await.status, 200, "{name}");
            for version in [Version::V11, Version::V12] {
                client.version = version;
                // Without any value nothing can be done, but the operation is known.
                let answer = client.call(name, "").await;
                assert!(
                    !answer.text.contains("not recognize") && !answer.text.contains("not served"),
                    "{}",
                    answer.text
                );
                assert!(answer.status == 200 || answer.text.contains("unable to process request"), "{}", answer.text);
            }
        }
    }
    assert_eq!(served, 7 + 47);
}

#[tokio::test]
async fn both_addresses_of_fawapi_are_served_in_any_case() {
    let client = Client::start().await;
    for path in ["/fawapi.asmx", "/v2/FAWAPI.asmx"] {
        let wsdl = client.get(&format!("{}{path}?wsdl", client.account().endpoint())).await;
        assert_eq!(wsdl.status, 200);
        assert!(wsdl.text.contains(&format!("{path}\"/>")));
    }
}
