"""The worker: takes a job's id from the queue, claims the job, contours it, keeps the results, ends the job."""
