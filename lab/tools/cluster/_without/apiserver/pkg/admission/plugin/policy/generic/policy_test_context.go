package generic

// The helpers of tests that Kubernetes has here link a fake client for every API.
