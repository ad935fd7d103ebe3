//! The WSDL of a service, written from the tables that the service itself goes by: document/literal, one binding for each version
//! of SOAP, one port for each.

use super::operations;
use super::schema::{Field, Kind, Occurs, Operation, Service};
use super::soap::{API, escaped};

/// The two bindings: their suffix, prefix and transport.
const BINDINGS: [(&str, &str); 2] = [("Soap", "soap"), ("Soap12", "soap12")];

/// The WSDL of a service that is reached at an address.
pub(super) fn wsdl(service: Service, address: &str) -> String {
    let name = service.name();
    let operations: Vec<_> = operations::of(service).collect();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" \
         xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" xmlns:s=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:tns=\"{API}\" targetNamespace=\"{API}\">\n\
         <wsdl:types>\n<s:schema elementFormDefault=\"qualified\" targetNamespace=\"{API}\">\n"
    );
    operations.iter().for_each(|operation| elements(&mut out, operation));
    out.push_str("</s:schema>\n</wsdl:types>\n");
    operations.iter().for_each(|operation| messages(&mut out, operation.name));
    out.push_str(&format!("<wsdl:portType name=\"{name}Soap\">\n"));
    for operation in &operations {
        out.push_str(&format!(
            "<wsdl:operation name=\"{0}\"><wsdl:input message=\"tns:{0}SoapIn\"/>\
             <wsdl:output message=\"tns:{0}SoapOut\"/></wsdl:operation>\n",
            operation.name
        ));
    }
    out.push_str("</wsdl:portType>\n");
    for (suffix, prefix) in BINDINGS {
        binding(&mut out, name, suffix, prefix, &operations);
    }
    out.push_str(&format!("<wsdl:service name=\"{name}\">\n"));
    for (suffix, prefix) in BINDINGS {
        out.push_str(&format!(
            "<wsdl:port name=\"{name}{suffix}\" binding=\"tns:{name}{suffix}\">\
             <{prefix}:address location=\"{}\"/></wsdl:port>\n",
            escaped(address)
        ));
    }
    out.push_str("</wsdl:service>\n</wsdl:definitions>\n");
    out
}

/// The two elements of an operation.
fn elements(out: &mut String, operation: &Operation) {
    out.push_str(&format!("<s:element name=\"{}\">", operation.name));
    complex(out, operation.request);
    out.push_str(&format!(
        "</s:element>\n<s:element name=\"{}Response\"><s:complexType><s:sequence>\
         <s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"{}\">",
        operation.name, operation.result
    ));
    complex(out, operation.response);
    out.push_str("</s:element></s:sequence></s:complexType></s:element>\n");
}

fn complex(out: &mut String, fields: &[Field]) {
    out.push_str("<s:complexType><s:sequence>");
    fields.iter().for_each(|field| element(out, field));
    out.push_str("</s:sequence></s:complexType>");
}

fn element(out: &mut String, field: &Field) {
    let occurs = match field.occurs {
        Occurs::Once => "minOccurs=\"1\" maxOccurs=\"1\"",
        Occurs::Optional => "minOccurs=\"0\" maxOccurs=\"1\"",
        Occurs::Nillable => "minOccurs=\"1\" maxOccurs=\"1\" nillable=\"true\"",
        Occurs::Many => "minOccurs=\"0\" maxOccurs=\"unbounded\"",
    };
    let simple = match &field.kind {
        Kind::Text => "string",
        Kind::Bool => "boolean",
        Kind::Short => "short",
        Kind::Int => "int",
        Kind::Long => "long",
        Kind::UnsignedLong => "unsignedLong",
        Kind::Double => "double",
        Kind::Date => "dateTime",
        Kind::Bytes => "base64Binary",
        Kind::OneOf(names) => {
            out.push_str(&format!("<s:element {occurs} name=\"{}\"><s:simpleType>", field.name));
            out.push_str("<s:restriction base=\"s:string\">");
            names.iter().for_each(|name| out.push_str(&format!("<s:enumeration value=\"{name}\"/>")));
            out.push_str("</s:restriction></s:simpleType></s:element>");
            return;
        }
        Kind::Object(fields) => {
            out.push_str(&format!("<s:element {occurs} name=\"{}\">", field.name));
            complex(out, fields);
            out.push_str("</s:element>");
            return;
        }
    };
    out.push_str(&format!("<s:element {occurs} name=\"{}\" type=\"s:{simple}\"/>", field.name));
}

fn messages(out: &mut String, name: &str) {
    for (message, element) in [("In", ""), ("Out", "Response")] {
        out.push_str(&format!(
            "<wsdl:message name=\"{name}Soap{message}\"><wsdl:part name=\"parameters\" \
             element=\"tns:{name}{element}\"/></wsdl:message>\n"
        ));
    }
}

fn binding(out: &mut String, name: &str, suffix: &str, prefix: &str, operations: &[&Operation]) {
    out.push_str(&format!(
        "<wsdl:binding name=\"{name}{suffix}\" type=\"tns:{name}Soap\">\
         <{prefix}:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n"
    ));
    for operation in operations {
        out.push_str(&format!(
            "<wsdl:operation name=\"{0}\"><{prefix}:operation soapAction=\"{API}{0}\" style=\"document\"/>\
             <wsdl:input><{prefix}:body use=\"literal\"/></wsdl:input>\
             <wsdl:output><{prefix}:body use=\"literal\"/></wsdl:output></wsdl:operation>\n",
            operation.name
        ));
    }
    out.push_str("</wsdl:binding>\n");
}
