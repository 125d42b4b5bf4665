//! The store of files behind a real server that speaks S3, as two machines share it.

use crate::support::{TestDatabase, city};
use domain::{
    dictionary::{AttachmentKind, AttachmentOwner},
    platform::attachment::{View, content::Media},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use std::{net::SocketAddr, path::PathBuf};
use store::{
    files::{Bucket, Files},
    platform::attachment::{Rotated, Upload, attachment_create, attachment_link, attachment_open, attachment_rotate},
};
use tokio::net::TcpListener;

const CONTENT: &[u8] = b"%PDF-1.7 410105199003071248 startxref %%EOF";

/// A server of buckets over a folder, with one bucket in it.
struct Service {
    folder: PathBuf,
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl Service {
    async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("housing-s3-{}", store::platform::token::short_id()));
        std::fs::create_dir_all(folder.join("city")).expect("a bucket");
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&folder).expect("a file system"));
        service.set_auth(SimpleAuth::from_single("AKIDTEST", "for-the-test"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { folder, address, serving }
    }

    fn bucket(&self, secret: &str) -> Files {
        Files::bucket(&Bucket {
            name: "city".into(),
            prefix: "prh/files".into(),
            endpoint: Some(format!("http://{}", self.address)),
            key_id: Some("AKIDTEST".into()),
            secret: Some(secret.into()),
            ..Bucket::default()
        })
        .expect("a bucket")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn photo(estate: i64) -> Upload<'static> {
    Upload {
        owner: AttachmentOwner::Estate,
        owner_id: estate,
        kind: AttachmentKind::Photo,
        file_name: "大门.jpg",
        media: Media::Jpeg,
        content: CONTENT,
        thumbnail: Some(b"small"),
    }
}

#[tokio::test]
async fn two_processes_share_a_bucket() {
    let test = TestDatabase::with_city().await;
    let service = Service::start().await;
    let estate: i64 =
        sqlx::query_scalar("select id from estate where name = '阳光苑'").fetch_one(&test.admin).await.expect("an id");
    let one = test.database.clone().with_files(service.bucket("for-the-test"));
    one.check_files().await.expect("it can be used");
    let id = attachment_create(&city::ctx(&one, "district-a").await, &photo(estate)).await.expect("stored");
    // Another machine: its own client, the same bucket.
    let other = test.second().await.with_files(service.bucket("for-the-test"));
    let ctx = city::ctx(&other, "district-a").await;
    let link = attachment_link(&ctx, id, View::Download, "").await.expect("a link");
    assert_eq!(attachment_open(&ctx, &link).await.expect("opened").content, CONTENT);
    assert_eq!(attachment_rotate(&other, chrono::Utc::now()).await.expect("nothing to do"), Rotated::default());
    let key: String =
        sqlx::query_scalar("select object_key from attachment").fetch_one(&test.admin).await.expect("a key");
    let lying = std::fs::read(service.folder.join("city/prh/files").join(&key)).expect("below the prefix");
    assert!(!lying.windows(4).any(|part| part == b"1248" || part == b"%PDF"), "sealed in the bucket too");
    // Rows that are gone take their files with them.
    sqlx::query("update attachment set deleted_at = now() - interval '40 days', deleted_by = 1, delete_reason = 'x'")
        .execute(&test.admin)
        .await
        .expect("deleted");
    assert_eq!(store::platform::attachment::attachments_sweep(&other, chrono::Utc::now()).await.expect("swept"), 1);
    assert!(!service.folder.join("city/prh/files").join(&key).exists());
}

#[tokio::test]
async fn a_bucket_that_lets_nobody_in_is_found_at_the_start_and_said_to_people() {
    let test = TestDatabase::with_city().await;
    let service = Service::start().await;
    let estate: i64 =
        sqlx::query_scalar("select id from estate where name = '阳光苑'").fetch_one(&test.admin).await.expect("an id");
    let locked = test.database.clone().with_files(service.bucket("wrong"));
    let sentence = locked.check_files().await.expect_err("refused");
    assert!(sentence.contains("cannot be used") && !sentence.contains("wrong"), "{sentence}");
    let refused = attachment_create(&city::ctx(&locked, "district-a").await, &photo(estate)).await.unwrap_err();
    assert_eq!(refused.to_string(), "文件存储暂时不可用，文件未保存，请稍后重试");
    let rows: i64 =
        sqlx::query_scalar("select count(*) from attachment").fetch_one(&test.admin).await.expect("a count");
    assert_eq!(rows, 0);
}
