"""What runs the service elsewhere than on a desk: containers, monitoring, Kubernetes."""
