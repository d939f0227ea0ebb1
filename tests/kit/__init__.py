"""What the tests share: real servers to run against and the tools around them."""
