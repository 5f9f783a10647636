package engine

// NextError is an error with what to type next.
type NextError struct {
	Err  error
	Next Advice
}

// Error is that of the cause.
func (e *NextError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *NextError) Unwrap() error { return e.Err }
