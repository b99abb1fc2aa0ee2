"""What faults do to jobs: lost and doubled ones per fault, counted against a whole service."""
