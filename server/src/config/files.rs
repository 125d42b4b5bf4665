//! Where uploaded files lie, as the settings say it.

use super::Config;
use std::path::Path;
use store::files::{Bucket, Files};

/// Folder below the data folder, unless another place is named.
const FOLDER: &str = "files";

impl Config {
    /// Opens the store of files.
    ///
    /// # Errors
    /// One line that names the setting.
    pub(super) fn open_files(&self) -> Result<Files, String> {
        let Some(place) = &self.files else { return Files::folder(&self.data.join(FOLDER)) };
        if let Some(path) = place.strip_prefix("file://") {
            if !path.starts_with('/') {
                return Err(format!(
                    "--files {place}: a folder is named from the root, as in file:///var/lib/housing/files"
                ));
            }
            return Files::folder(Path::new(path));
        }
        let Some(rest) = place.strip_prefix("s3://") else {
            return Err(format!("--files {place}: neither file:///folder nor s3://bucket/prefix"));
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() {
            return Err(format!("--files {place}: names no bucket"));
        }
        Files::bucket(&Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            key_id: self.s3_key_id.clone(),
            secret: self.s3_secret.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(files: &str, key_id: Option<&str>) -> String {
        let config =
            Config { files: Some(files.into()), s3_key_id: key_id.map(ToOwned::to_owned), ..Config::default() };
        config.open_files().err().unwrap_or_default()
    }

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert!(refused("file://files", None).contains("from the root"));
        assert!(refused("/var/files", None).contains("neither"));
        assert!(refused("s3:///prefix", None).contains("no bucket"));
        assert!(refused("s3://bucket", Some("id")).contains("both its key id and its secret"));
        assert_eq!(refused("s3://bucket/a/b/", None), "");
    }
}
