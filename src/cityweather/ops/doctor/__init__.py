"""`cityweather doctor`: each part, whether it is well, and what to do when it is not."""
