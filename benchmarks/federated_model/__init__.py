"""Two made-up hospitals, one network trained four ways, and who draws whose patients how well."""
