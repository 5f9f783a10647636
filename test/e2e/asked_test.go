//go:build e2e

package e2e

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// asked understands what gpk sends over a WebSocket to a session in a pod (templates/scripts/session.sh).
type asked struct {
	// frames has what has come of frames that are not yet whole, and said the standard input that was in those before.
	frames, said []byte
}

// stdin is the channel of Kubernetes' remote command protocol in which a command's standard input comes.
const stdin = 0

// next takes what gpk has sent, and gives the commands whose requests have begun to be whole with it.
func (a *asked) next(data []byte) (commands []string) {
	a.frames = append(a.frames, data...)
	for {
		payload, length := unmasked(a.frames)
		if length == 0 {
			break
		}
		a.frames = a.frames[length:]
		if len(payload) > 0 && payload[0] == stdin {
			a.said = append(a.said, payload[1:]...)
		}
	}
	for {
		command, length := request(a.said)
		if length == 0 {
			return commands
		}
		a.said = a.said[length:]
		commands = append(commands, command)
	}
}

// unmasked is what is in the first frame of a client, and how long that is; 0 if it is not whole (RFC 6455, 5.2).
func unmasked(data []byte) (payload []byte, length int) {
	const mask = 4
	if len(data) < 2 {
		return nil, 0
	}
	size, at := int(data[1]&0x7f), 2
	switch {
	case size == 126 && len(data) >= 4:
		size, at = int(binary.BigEndian.Uint16(data[2:])), 4
	case size == 127 && len(data) >= 10:
		size, at = int(binary.BigEndian.Uint64(data[2:])), 10
	case size > 125:
		return nil, 0
	}
	if len(data) < at+mask+size {
		return nil, 0
	}
	payload = bytes.Clone(data[at+mask : at+mask+size])
	for i := range payload {
		payload[i] ^= data[at+i%mask]
	}
	return payload, at + mask + size
}

// request is the command of the first request to a session, and how long that is; 0 if it is not whole.
func request(said []byte) (command string, length int) {
	line, rest, found := bytes.Cut(said, []byte("\n"))
	count, size, _ := strings.Cut(string(line), " ")
	n, err := strconv.Atoi(count)
	bytesOfInput, err2 := strconv.Atoi(size)
	if !found || err != nil || err2 != nil {
		return "", 0
	}
	var argv []string
	for range n {
		arg, after, found := bytes.Cut(rest, []byte{0})
		if !found {
			return "", 0
		}
		argv, rest = append(argv, string(arg)), after
	}
	if length = len(said) - len(rest) + bytesOfInput + len("end\n"); len(said) < length {
		return "", 0
	}
	return strings.Join(argv, " "), length
}
