"""What a scraper is told of the server itself."""
