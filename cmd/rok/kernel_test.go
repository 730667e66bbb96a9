package main

// kernelExamples are the commands whose examples need a real kernel.
func kernelExamples() []string { return nil }
