use insta::assert_snapshot;
use vestibule_testkit::TestAuth;

// Difference: the-error-page.
#[tokio::test]
async fn a_link_cannot_put_markup_into_the_page() {
    let app = TestAuth::new().await;
    let answer = app
        .anyone()
        .get("/error?error=%3Cscript%3E&error_description=%3Cb%3E%22hi%22%3C/b%3E")
        .await;
    assert_eq!(answer.headers["content-type"], "text/html");
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    assert_eq!(answer.headers["content-security-policy"], policy);
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(page.contains("UNKNOWN") && page.contains("&lt;b&gt;"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
}

#[tokio::test]
async fn in_production_it_is_the_applications_page() {
    let app = TestAuth::builder().options(|options| options.production = true).start().await;
    let answer = app.anyone().get("/error?error=abc&error_description=a%20b").await;
    assert_snapshot!(answer.line(), @"302");
    assert_eq!(answer.headers["location"], "/?error=abc&error_description=a+b");
}

#[tokio::test]
async fn an_error_url_of_the_options_wins() {
    let app = TestAuth::builder()
        .options(|options| {
            options.on_api_error.error_url = Some("https://app.example/oops?x=1".to_owned())
        })
        .start()
        .await;
    let answer = app.anyone().get("/error?error=abc").await;
    assert_eq!(answer.headers["location"], "https://app.example/oops?x=1&error=abc");
}
