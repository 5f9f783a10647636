package database

import (
	"time"
)

// SettlePatience bounds the waits for what follows by itself within moments: endpoints after a selector, mirrors
// catching up after they were made.
const SettlePatience = 2 * time.Minute
