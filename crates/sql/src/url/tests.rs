use super::*;
use crate::url::postgres::ChannelBinding;

fn file(url: &str) -> String {
    match DatabaseUrl::parse(url).expect(url).target {
        Target::Sqlite(sqlite) => sqlite.to_string(),
        Target::Postgres(_) => panic!("{url} is PostgreSQL"),
    }
}

fn postgres(url: &str) -> (PostgresUrl, Vec<String>) {
    let parsed = DatabaseUrl::parse(url).expect(url);
    match parsed.target {
        Target::Postgres(postgres) => (*postgres, parsed.ignored),
        Target::Sqlite(_) => panic!("{url} is SQLite"),
    }
}

fn problem(url: &str) -> String {
    DatabaseUrl::parse(url).expect_err(url).to_string()
}

fn tcp(host: &str, port: u16) -> Host {
    Host::Tcp(host.into(), port)
}

#[test]
fn sqlite_files_are_where_other_libraries_find_them() {
    for (url, path) in [
        ("sqlite:///x.db", "x.db"),
        ("sqlite:///./data/x.db", "./data/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("sqlite://x.db", "x.db"),
        ("sqlite:x.db", "x.db"),
        ("sqlite:///C:/data/x.db", "C:/data/x.db"),
        ("sqlite+aiosqlite:///./x.db", "./x.db"),
        ("sqlite+pysqlite:///x.db?mode=rwc", "x.db"),
        ("jdbc:sqlite:x.db", "x.db"),
        ("file:x.db", "x.db"),
        ("file:./dev.db", "./dev.db"),
        ("file:/var/lib/x.db", "/var/lib/x.db"),
        ("file:///var/lib/x.db", "/var/lib/x.db"),
        ("file:my%20file.db", "my file.db"),
        ("x.db", "x.db"),
        ("./x y.sqlite", "./x y.sqlite"),
        ("/var/lib/x.db", "/var/lib/x.db"),
        ("C:\\data\\x.db", "C:\\data\\x.db"),
        ("\"x.db\"", "x.db"),
    ] {
        assert_eq!(file(url), path, "{url}");
    }
}

#[test]
fn a_misspelt_url_is_no_file_and_is_not_shown() {
    for url in [
        "postgres//u:SEKRIT@h/x",
        "postgres:u:SEKRIT",
        "postgres/u:SEKRIT@h",
        "mysql:SEKRIT",
        "u:SEKRIT@h/x",
        "//u:SEKRIT@h/x",
        "C:\\u:SEKRIT@h",
    ] {
        let problem = problem(url);
        assert!(problem.contains("expected `postgres://"), "{problem}");
        assert!(!problem.contains("SEKRIT"), "{problem}");
    }
    for path in ["postgres.db", "mysql_old.sqlite", "./postgres/x.db", "ada@home.db", "C:\\a@b.db"]
    {
        assert_eq!(file(path), path);
    }
}

#[test]
fn memory_has_many_names() {
    for url in [
        ":memory:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite:///:memory:",
        "sqlite://:memory:",
        "sqlite+aiosqlite:///:memory:",
        "file::memory:",
        "file:x?mode=memory",
    ] {
        assert_eq!(file(url), ":memory:", "{url}");
    }
}

#[test]
fn postgres_has_many_schemes() {
    for scheme in [
        "postgres",
        "postgresql",
        "postgresql+asyncpg",
        "postgresql+psycopg2",
        "postgresql+psycopg",
    ] {
        let (url, ignored) = postgres(&format!("{scheme}://ann:s%40crét@db.example:6543/app"));
        assert_eq!(url.hosts, [tcp("db.example", 6543)]);
        assert_eq!(url.user.as_deref(), Some("ann"));
        assert_eq!(url.password.as_deref(), Some("s@crét"));
        assert_eq!(url.database.as_deref(), Some("app"));
        assert_eq!(ignored, [""; 0]);
    }
    let (url, _) = postgres("jdbc:postgresql://db.example/app?user=ann&password=secret&ssl=true");
    assert_eq!((url.user.as_deref(), url.tls), (Some("ann"), TlsMode::Require));
}

#[test]
fn neon_urls_work_as_they_are() {
    let (url, ignored) = postgres(
        "postgresql://ann:secret@ep-cool-pooler.eu-central-1.aws.neon.tech/app?sslmode=require&channel_binding=require&options=endpoint%3Dep-cool",
    );
    assert_eq!(url.hosts, [tcp("ep-cool-pooler.eu-central-1.aws.neon.tech", 5432)]);
    assert_eq!((url.tls, url.channel_binding), (TlsMode::Require, ChannelBinding::Require));
    assert_eq!(url.options.as_deref(), Some("endpoint=ep-cool"));
    assert_eq!(ignored, [""; 0]);
}

#[test]
fn prisma_urls_work_as_they_are() {
    let (url, ignored) = postgres(
        "postgres://ann@db/app?schema=auth&pgbouncer=true&connection_limit=3&pool_timeout=20&connect_timeout=9&statement_cache_size=0",
    );
    assert_eq!(url.schema_name.as_deref(), Some("auth"));
    assert_eq!(url.pool_size, 3);
    assert_eq!((url.pool_timeout.as_secs(), url.connect_timeout.as_secs()), (20, 9));
    assert_eq!(ignored.len(), 2);
    assert!(ignored[0].contains("`pgbouncer`"), "{ignored:?}");
    assert!(ignored[1].contains("`statement_cache_size`"), "{ignored:?}");
}

#[test]
fn every_sslmode_has_its_meaning() {
    for (value, mode) in [
        ("disable", TlsMode::Disable),
        ("allow", TlsMode::Prefer),
        ("prefer", TlsMode::Prefer),
        ("require", TlsMode::Require),
        ("verify-ca", TlsMode::VerifyCa),
        ("verify-full", TlsMode::VerifyFull),
    ] {
        assert_eq!(postgres(&format!("postgres://db/app?sslmode={value}")).0.tls, mode);
    }
    let (url, _) = postgres("postgres://db/app?sslmode=verify-full&sslrootcert=/etc/ca.pem");
    assert_eq!(url.root_certificates, Some("/etc/ca.pem".into()));
    let (url, _) = postgres("postgres://db/app?sslmode=verify-full&sslrootcert=system");
    assert_eq!(url.root_certificates, None);
}

#[test]
fn hosts_are_found_wherever_they_stand() {
    let hosts = |url: &str| postgres(url).0.hosts;
    assert_eq!(hosts("postgres://a:1,b:2/app"), [tcp("a", 1), tcp("b", 2)]);
    assert_eq!(hosts("postgres://a,b/app"), [tcp("a", 5432), tcp("b", 5432)]);
    assert_eq!(hosts("postgres://[::1]:7/app"), [tcp("::1", 7)]);
    assert_eq!(hosts("postgres://ann@/app?host=a&port=7"), [tcp("a", 7)]);
    assert_eq!(hosts("postgresql+asyncpg://ann@/app?host=a:1&host=b:2").len(), 2);
    let socket = Host::Unix("/run/pg".into(), 5432);
    assert_eq!(hosts("postgres:///app?host=/run/pg"), std::slice::from_ref(&socket));
    assert_eq!(hosts("postgres://%2Frun%2Fpg/app"), [socket]);
    assert_eq!(hosts("postgres:///app").len(), 1);
}

#[test]
fn what_is_wrong_is_said_with_what_is_expected() {
    assert!(problem("").contains("is empty; expected `postgres://"));
    assert!(
        problem("mysql://root@db/app").contains("names `mysql`, which is not supported; expected")
    );
    assert!(
        problem("postgres://db/app?sslmode=yes").contains("has `sslmode=yes`; expected `disable`")
    );
    assert!(problem("postgres://db/app?connection_limit=0").contains("expected a number from 1"));
    assert!(problem("host=db dbname=app").contains("list of keywords"));
    assert!(problem("file:").contains("names no file"));
    assert!(problem("sqlite:///x.db?mode=ro").contains("must be able to write"));
    assert!(problem("postgres:db").contains("no `//`"));
}

#[test]
fn nothing_says_the_password() {
    let url = DatabaseUrl::parse("postgres://ann:s3cret@db/app").expect("a URL");
    assert!(!format!("{url:?}").contains("s3cret"));
    for wrong in
        ["postgres://ann:s3cret/x@db/app:x", "postgres://ann:s3cret", "postgres://a:s3cret%FF@db"]
    {
        if let Err(error) = DatabaseUrl::parse(wrong) {
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }
}
