"""Events between services: the CloudEvents codec, the bus interface and its two buses (RabbitMQ, embedded)."""
