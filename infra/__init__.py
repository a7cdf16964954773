"""Templates of what runs on AWS, and the tools that package, check and pin them."""
