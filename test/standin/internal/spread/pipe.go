package spread

import (
	"context"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
)

// pipe copies what one connection gives to another.
func pipe(ctx context.Context, from *pgx.Conn, out string, to *pgx.Conn, in string) error {
	reader, writer := io.Pipe()
	copied := make(chan error, 1)
	go func() {
		_, err := from.PgConn().CopyTo(ctx, writer, out)
		_ = writer.CloseWithError(err)
		copied <- err
	}()
	_, err := to.PgConn().CopyFrom(ctx, reader, in)
	_ = reader.CloseWithError(err)
	return errors.Join(<-copied, err)
}
