package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	k8syaml "sigs.k8s.io/yaml"
)

// MaxFileSize is the largest cluster.yaml that is parsed, in bytes. What a person writes is a thousandth of it.
const MaxFileSize = 1 << 20

// LoadFile is Load of a file, or of standard input where the path is "-". A file that is too large is refused unread.
func LoadFile(path, defaultNamespace string) (*Cluster, error) {
	if path == "-" {
		return Read(os.Stdin, defaultNamespace)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: give the cluster.yaml in it", path)
	}
	if info.Mode().IsRegular() && info.Size() > MaxFileSize {
		return nil, tooLarge(strconv.FormatInt(info.Size(), 10))
	}
	return Read(file, defaultNamespace)
}

// Read is Load of a stream. It reads no more than it takes to see that the file is too large.
func Read(r io.Reader, defaultNamespace string) (*Cluster, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read cluster.yaml: %w", err)
	}
	return Load(data, defaultNamespace)
}

// Load reads a cluster.yaml strictly, sets its defaults and validates it. Its error is Faults, every fault at once,
// or a MovingTagError.
// The namespace is that of the command line or of the kubeconfig's context, for a file that names none.
func Load(data []byte, defaultNamespace string) (*Cluster, error) {
	return load(data, defaultNamespace, (*Cluster).faults)
}

// Recorded is Load of what gpk recorded of a cluster. The gpk that recorded it found no fault in it. So settings, resources and
// patches that only a later gpk refuses are no fault here: the cluster can still be worked with.
func Recorded(data []byte, defaultNamespace string) (*Cluster, error) {
	c, err := load(data, defaultNamespace, (*Cluster).shapeFaults)
	if c != nil && c.Spec.Network.NetworkPolicy != nil {
		c.Spec.Network.NetworkPolicy, c.Spec.Network.SegmentsOpenToAllPods = nil, true
	}
	return c, err
}

func load(data []byte, defaultNamespace string, faultsOf func(c *Cluster, countGiven bool) Faults) (*Cluster, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	reading := reader{lines: map[string]int{}, given: map[string]bool{}}
	c := reading.cluster(root)
	// The file may say 0, which nothing but the file can tell from nothing.
	zero := c.Spec.Segments.PerPod == 0 && reading.given["spec.segments.perPod"]
	c.Default()
	if zero {
		c.Spec.Segments.PerPod = 0 // what is given is no default's place to take
	}
	if c.Metadata.Namespace == "" {
		c.Metadata.Namespace = defaultNamespace
	}
	faults := reading.faults
	for _, fault := range faultsOf(c, reading.given["spec.segments.count"]) {
		// What could not be read is absent now, and must not be called missing as well.
		if !reading.explains(fault.Field) {
			fault.Line = reading.line(fault.Field)
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return nil, errorOf(c, faults)
	}
	return c, nil
}

// parse is the one document of a file.
func parse(data []byte) (*yaml.Node, error) {
	if len(data) > MaxFileSize {
		return nil, tooLarge("more than " + strconv.Itoa(MaxFileSize))
	}
	if line := unprintable(data); line > 0 {
		return nil, Faults{{Line: line, Message: "a byte that is not UTF-8 text: cluster.yaml is a text file"}}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var found *yaml.Node
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF) && found == nil:
			return nil, Faults{{Line: 1, Message: "the file is empty: `gpk init` writes one to start from"}}
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, syntaxFault(data, err)
		case isNull(document.Content[0]): // nothing between two lines of ---
		case found != nil:
			return nil, Faults{{Line: document.Line, Message: "a second document: one file describes one cluster"}}
		default:
			found = document.Content[0]
		}
	}
}

func tooLarge(size string) Faults {
	return Faults{{Line: 1, Message: fmt.Sprintf("the file has %s bytes and at most %d are read: is it a cluster.yaml?", size, MaxFileSize)}}
}

// unprintable is the line of the first byte that no YAML file may have, or 0. The parser refuses it without a line.
func unprintable(data []byte) int {
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return i + 1
		}
	}
	return 0
}

var (
	syntaxLine = regexp.MustCompile(`^.*?yaml: (?:line (\d+): )?`)
	// fromZero are the complaints whose lines the libraries count from 0: those of the parser, unlike the scanner's.
	fromZero = regexp.MustCompile(`^did not find expected (<|node content|'-' indicator|key|',')`)
)

// syntaxFault takes the line out of the parser's message. Of an unfinished mapping yaml.v3 says where it begins, so the
// other parser is asked too, which says where it got lost.
func syntaxFault(data []byte, err error) Faults {
	if _, second := k8syaml.YAMLToJSON(data); second != nil && syntaxLine.MatchString(second.Error()) {
		err = second
	}
	text := err.Error()
	match := syntaxLine.FindStringSubmatch(text)
	if match == nil {
		return Faults{{Line: 1, Message: "this is not YAML: " + text}}
	}
	line, _ := strconv.Atoi(match[1])
	text = strings.TrimPrefix(text, match[0])
	if fromZero.MatchString(text) {
		line++
	}
	return Faults{{Line: min(max(line, 1), 1+bytes.Count(data, []byte("\n"))), Message: "this is not YAML: " + text}}
}
