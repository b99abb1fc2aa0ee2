"""Every attack on the intake, made by code in one place: the tests, the attack table and the fuzzer share it."""
