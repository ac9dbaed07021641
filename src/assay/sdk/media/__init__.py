"""Images, figures, tables, sounds, histograms and texts as bytes that a browser can show."""
