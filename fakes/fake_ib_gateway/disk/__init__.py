"""What a gateway leaves on disk: settings, logs, logins."""
