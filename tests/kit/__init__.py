"""The tests' tools: real servers, deployments, and the people around them."""
