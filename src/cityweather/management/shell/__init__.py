"""`cityweather import | status | results | weather`: a service's client. Speaks HTTP only; knows no settings."""
