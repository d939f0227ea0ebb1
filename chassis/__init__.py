"""The microservice chassis: inbox, outbox, timers, stores, HTTP and the runtime. It contains no term of the business."""
