// implementation("org.logister:logister-android:<version>")
// The app holds no project token. Its own backend asks logserver for a short-lived one, with the project's token:
//   POST /api/v1/mobile_ingest_tokens
//   {"mobile_ingest_token": {"platform": "android", "service": "shop-app", "environment": "production"}}
// and hands "token" and "expires_at" of the answer over to the app.

// `tokens` is your LogisterToken provider: it fetches both values from your backend; the expiry is in Unix seconds.
val client = logisterClient(baseUrl = "https://logs.example.com", tokenProvider = tokens) {
    environment("production") // the values the token is bound to, or none
    release("1.4.0+42")
}
