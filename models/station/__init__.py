"""One station live: charts, pipeline and slow watches over its rows, with words."""
