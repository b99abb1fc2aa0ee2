"""The gateway: parse a request, make one call, shape the answer. It holds no torch and knows no medicine."""
