//! How server functions answer.

use leptos::serde_json;
use leptos::server_fn::codec::Post;
use leptos::server_fn::{ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// JSON, read as text: resources read their first value the same way, so each model's reader is in the WebAssembly once.
pub struct TextEncoding;

/// An answer in [`TextEncoding`].
pub type Json = Post<TextEncoding>;

impl ContentType for TextEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextEncoding {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<leptos::server_fn::Bytes, Self::Error> {
        serde_json::to_string(output).map(Into::into)
    }
}

impl<T: DeserializeOwned> Decodes<T> for TextEncoding {
    type Error = serde_json::Error;

    fn decode(bytes: leptos::server_fn::Bytes) -> Result<T, Self::Error> {
        // What is not UTF-8 is not JSON either: an empty text says so.
        serde_json::from_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}
