// Package segments owns everything that is Greenplum: the utilities' input files and argv, catalogue SQL and the parsing of
// its answers, and the differences between versions. It only makes and reads text; package apply carries it to the pods.
//
// No utility's exit status is given a meaning here: gpinitsystem 6 exits 1 for a warning, gpexpand 0 for an error. Whether
// something has been done is read from the catalogue.
package segments
