"""Root causes in recorded microservice applications, without a twin."""
