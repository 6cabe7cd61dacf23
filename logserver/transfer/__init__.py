"""Projects leave a store as lines of JSON and arrive in another one, whole, and as often as one likes."""
