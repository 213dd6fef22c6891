//! The answer of somebody else's server, read no further than it may be long.

use reqwest::Response;

#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    #[error(transparent)]
    Network(#[from] reqwest::Error),
}

pub async fn bytes(mut answer: Response, at_most: usize) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await? {
        if bytes.len() + part.len() > at_most {
            return Err(Unread::TooLong(at_most));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}
