//! SQLite: the suite on a file and in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vestibule_core::schema::Schema;
use vestibule_core::store::Store;
use vestibule_sql::Database;
use vestibule_sql::url::DatabaseUrl;
use vestibule_testkit::store_suite::Backend;

/// A directory that is gone with its value.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("vestibule-sql-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        let path = self.file("test.db");
        DatabaseUrl::parse(&format!("sqlite:///{}", path.display())).expect("a URL")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left lies in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct InFile {
    database: Database,
    _directory: Directory,
}

impl Backend for InFile {
    async fn open(schema: &Schema) -> Self {
        let directory = Directory::new();
        let database = Database::connect(&directory.url(), schema).expect("a database");
        database.migrate().await.expect("a migration");
        Self { database, _directory: directory }
    }

    fn store(&self) -> Arc<dyn Store> {
        self.database.store()
    }
}

struct InMemory(Database);

impl Backend for InMemory {
    async fn open(schema: &Schema) -> Self {
        let url = DatabaseUrl::parse(":memory:").expect("a URL");
        let database = Database::connect(&url, schema).expect("a database");
        database.migrate().await.expect("a migration");
        Self(database)
    }

    fn store(&self) -> Arc<dyn Store> {
        self.0.store()
    }
}

mod in_file {
    use super::InFile;

    vestibule_testkit::store_suite!(InFile);

    mod outbox {
        use super::InFile;

        vestibule_testkit::outbox_suite!(InFile);
    }
}

mod in_memory {
    use super::InMemory;

    vestibule_testkit::store_suite!(InMemory);

    mod outbox {
        use super::InMemory;

        vestibule_testkit::outbox_suite!(InMemory);
    }
}
