//! Reading a file of an import, a chunk at a time.

use crate::workbook::{
    Limits, Refusal,
    read::{count, read},
    template::template_of,
};
use domain::import::SheetKey;
use std::{ops::ControlFlow, sync::Arc};
use store::{
    Error,
    import::{CHUNK_ROWS, RawRow},
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Bytes of text after which a chunk is full, although it could take more rows.
const CHUNK_BYTES: usize = 8 << 20;

/// A file in memory and how it is to be read.
pub(super) struct File {
    pub content: Arc<Vec<u8>>,
    pub sheet: SheetKey,
    pub limits: Limits,
}

impl File {
    /// Reads it through once; answers the number of its rows.
    pub async fn count(&self) -> Result<u32, Refusal> {
        let (content, limits, headers) = (Arc::clone(&self.content), self.limits, template_of(self.sheet).headers());
        let counted = tokio::task::spawn_blocking(move || count(&content, &headers, &limits)).await;
        // A reader that panics has met a file that no program wrote.
        counted.unwrap_or(Err(Refusal::Damaged))
    }

    /// Starts reading on a thread of its own, two chunks ahead.
    pub fn chunks(&self) -> Chunks {
        let (content, limits, headers) = (Arc::clone(&self.content), self.limits, template_of(self.sheet).headers());
        let (sender, receiver) = mpsc::channel(2);
        let reader = tokio::task::spawn_blocking(move || {
            let (mut rows, mut bytes) = (Vec::new(), 0);
            let total = read(&content, &headers, &limits, |row| {
                bytes += row.cells.iter().map(String::len).sum::<usize>();
                rows.push(row);
                if rows.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
                    return ControlFlow::Continue(());
                }
                bytes = 0;
                // Nobody listens any more when the import failed.
                sender.blocking_send(std::mem::take(&mut rows)).map_or(ControlFlow::Break(()), ControlFlow::Continue)
            })?;
            if !rows.is_empty() {
                let _ = sender.blocking_send(rows);
            }
            Ok(total)
        });
        Chunks { receiver, reader }
    }
}

/// A file being read.
pub(super) struct Chunks {
    receiver: mpsc::Receiver<Vec<RawRow>>,
    reader: JoinHandle<Result<u32, Refusal>>,
}

impl Chunks {
    pub async fn next(&mut self) -> Option<Vec<RawRow>> {
        self.receiver.recv().await
    }

    /// Whether the file was read to its end. It was counted before, so a refusal here cannot come
    /// from the file and must not pass for its end.
    pub async fn end(self) -> store::Result<()> {
        match self.reader.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(refusal)) => Err(Error::Broken(format!("the file changed while it was read: {refusal}"))),
            Err(panic) => Err(Error::Broken(format!("the reader stopped: {panic}"))),
        }
    }
}
