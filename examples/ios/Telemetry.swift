// Swift package https://github.com/taimoorq/logister-ios.git, product Logister.
// The app holds no project token. Its own backend asks logserver for a short-lived one, with the project's token:
//   POST /api/v1/mobile_ingest_tokens
//   {"mobile_ingest_token": {"platform": "ios", "service": "com.example.shop", "environment": "production"}}
// and hands "token" and "expires_at" of the answer over to the app.
import Foundation
import Logister

// `tokens` is your token provider: it fetches both values from your backend and gives a LogisterToken.
let client = LogisterClient(
    baseURL: URL(string: "https://logs.example.com")!,
    tokenProvider: tokens,
    environment: "production",  // the values the token is bound to
    release: "1.4.0+42",
    service: Bundle.main.bundleIdentifier
)
