//! Object stores, through the crate `object_store`: it signs requests and knows each store's addresses.
//!
//! Its own HTTP client is left out (features `aws-base` and so on, without `reqwest`): requests go through [`Fetcher`]'s, so
//! that there is one TLS stack, and every address that a store, an endpoint or a token service has meets the same rules.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use http_body_util::BodyExt;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, GetOptions, ObjectStore, RetryConfig};
use reqwest::{StatusCode, Url};
use tokio::time::{Instant, timeout_at};

use super::body::Body;
use super::client::{Answer, FetchError, Fetcher, Question, Version, refusal};
use super::places::{Credentials, Place};

impl Fetcher {
    /// Fetches a document from wherever it is. `known`, `most` and `patience` as in [`Question`].
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub async fn open(
        &self,
        place: &Place,
        credentials: Option<&Credentials>,
        known: Option<Version>,
        most: u64,
        patience: Duration,
    ) -> Result<Answer, FetchError> {
        let (store, key): (Box<dyn ObjectStore>, &str) = match place {
            Place::Web(url) => {
                let mut url = url.clone();
                let authorization = credentials.map(|given| given.for_web(&mut url)).transpose()?.flatten();
                return self.get(Question { url, authorization, known, most, patience }).await;
            }
            Place::S3 { bucket, key, region, endpoint } => {
                (Box::new(self.s3(bucket, region.as_deref(), endpoint.as_ref(), credentials)?), key)
            }
            Place::Gcs { bucket, key } => (Box::new(self.gcs(bucket, credentials)?), key),
            Place::Azure { account, container, key } => (Box::new(self.azure(account, container, credentials)?), key),
        };
        let deadline = Instant::now() + patience;
        let key = Path::parse(key).map_err(|error| FetchError::Store(error.into()))?;
        let if_none_match = known.as_ref().filter(|known| known.is_etag()).map(|known| known.as_str().to_owned());
        let options = GetOptions { if_none_match, ..GetOptions::default() };
        let got = timeout_at(deadline, store.get_opts(&key, options)).await.map_err(|_| FetchError::TooSlow)?;
        let got = match got {
            Ok(got) => got,
            Err(object_store::Error::NotModified { .. }) => return Ok(Answer::Unchanged),
            Err(error) => return Err(of_store(error)),
        };
        let (size, version) = (got.meta.size, got.meta.e_tag.clone().map(Version::new));
        let chunks = got.into_stream().map(|chunk| chunk.map_err(of_store));
        Ok(Answer::Document { body: Body::new(chunks, Some(size), most, deadline)?, version })
    }

    fn s3(
        &self,
        bucket: &str,
        region: Option<&str>,
        endpoint: Option<&Url>,
        credentials: Option<&Credentials>,
    ) -> Result<impl ObjectStore + use<>, FetchError> {
        const EXPECTED: &str = "accessKeyId and secretAccessKey, perhaps sessionToken";
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region.unwrap_or("us-east-1"))
            // Refused by `Reach` wherever it is not the loopback of a test.
            .with_allow_http(true)
            .with_retry(retry())
            .with_http_connector(self.connector());
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        builder = match credentials {
            None => builder.with_skip_signature(true),
            Some(given) => {
                let keyed = builder
                    .with_access_key_id(given.need("accessKeyId", EXPECTED)?)
                    .with_secret_access_key(given.need("secretAccessKey", EXPECTED)?);
                match given.get("sessionToken") {
                    Some(token) => keyed.with_token(token),
                    None => keyed,
                }
            }
        };
        builder.build().map_err(of_store)
    }

    fn gcs(&self, bucket: &str, credentials: Option<&Credentials>) -> Result<impl ObjectStore + use<>, FetchError> {
        let builder = GoogleCloudStorageBuilder::new()
            .with_bucket_name(bucket)
            .with_retry(retry())
            .with_http_connector(self.connector());
        let builder = match credentials {
            None => builder.with_skip_signature(true),
            Some(given) => builder.with_service_account_key(
                given.need("serviceAccountKey", "serviceAccountKey, a service account's JSON")?,
            ),
        };
        builder.build().map_err(of_store)
    }

    fn azure(
        &self,
        account: &str,
        container: &str,
        credentials: Option<&Credentials>,
    ) -> Result<impl ObjectStore + use<>, FetchError> {
        const EXPECTED: &str = "accessKey or sasToken";
        let builder = MicrosoftAzureBuilder::new()
            .with_account(account)
            .with_container_name(container)
            .with_retry(retry())
            .with_http_connector(self.connector());
        let builder = match credentials {
            None => builder.with_skip_signature(true),
            Some(given) => match given.get("sasToken") {
                Some(token) => builder.with_config(object_store::azure::AzureConfigKey::SasKey, token),
                None => builder.with_access_key(given.need("accessKey", EXPECTED)?),
            },
        };
        builder.build().map_err(of_store)
    }

    fn connector(&self) -> Connector {
        Connector(self.clone())
    }
}

/// The controller tries again by itself; a store is asked twice more at most, so that a pass stays short.
fn retry() -> RetryConfig {
    RetryConfig { max_retries: 2, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() }
}

/// Who must act, out of what a store says.
fn of_store(error: object_store::Error) -> FetchError {
    if let Some(refused) = refusal(&error) {
        return FetchError::Refused(refused);
    }
    let status = if matches!(error, object_store::Error::NotFound { .. }) {
        Some(StatusCode::NOT_FOUND)
    } else if matches!(error, object_store::Error::PermissionDenied { .. }) {
        Some(StatusCode::FORBIDDEN)
    } else if matches!(error, object_store::Error::Unauthenticated { .. }) {
        Some(StatusCode::UNAUTHORIZED)
    } else {
        None
    };
    status.map_or(FetchError::Store(error), |status| FetchError::Status { status })
}

/// Hands the crate's requests to our client.
#[derive(Clone, Debug)]
struct Connector(Fetcher);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url: Url = parts
            .uri
            .to_string()
            .parse()
            .map_err(|_| HttpError::new(HttpErrorKind::Unknown, super::Refused::NotAUrl))?;
        self.0.reach().check(&url).map_err(|refused| HttpError::new(HttpErrorKind::Unknown, refused))?;
        let mut asked = reqwest::Request::new(parts.method, url);
        *asked.headers_mut() = parts.headers;
        *asked.body_mut() = Some(body.collect().await?.to_bytes().into());
        let answer = self.0.client.execute(asked).await.map_err(of_client)?;
        let (parts, body) = http::Response::<reqwest::Body>::from(answer).into_parts();
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body.map_err(of_client))))
    }
}

fn of_client(error: reqwest::Error) -> HttpError {
    if let Some(refused) = refusal(&error) {
        return HttpError::new(HttpErrorKind::Unknown, refused);
    }
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else {
        HttpErrorKind::Request
    };
    HttpError::new(kind, error.without_url())
}
