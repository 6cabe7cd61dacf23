# gem "logister-ruby". In a Rails application this is config/initializers/logister.rb.
require "logister"

Logister.configure do |config|
  config.api_key = ENV.fetch("LOGISTER_API_KEY") # a token of `logserver token create`
  # The whole address, not only the server's: the client derives the others from its end.
  config.endpoint = "http://localhost:8080/api/v1/ingest_events"
end
