"""The microservice around the library: a gateway that speaks HTTP, a worker that contours, the job table between."""
