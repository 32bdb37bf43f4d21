"""A weather provider on loopback: speaks OpenWeather and Open-Meteo, misbehaves on request, counts its requests."""
