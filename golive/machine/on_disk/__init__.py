"""What a gateway keeps on its disk: settings and logs, read without touching them."""
