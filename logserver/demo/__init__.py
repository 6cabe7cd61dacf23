"""A believable month of a small company, to look at the pages with: it hires out electric bicycles."""
