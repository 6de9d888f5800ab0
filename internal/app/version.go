package app

// Version is the version of the balancer.
const Version = "0.1.0"
