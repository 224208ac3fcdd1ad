package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// passphraseVariable holds an officer's passphrase; with _ and the login in capitals behind it, that officer's.
const passphraseVariable = "CASIGNER_PASSPHRASE"

// passphraseOf finds an officer's passphrase: in a file, else in the environment, else it asks on the terminal; never
// on the command line, which others see. twice asks for it again, where a slip would only show when it is too late.
func passphraseOf(env environment, login, file string, twice bool) ([]byte, error) {
	if file != "" {
		raw, err := os.ReadFile(file)
		return bytes.TrimRight(raw, "\r\n"), err
	}
	own := passphraseVariable + "_" + strings.ToUpper(login)
	for _, name := range []string{own, passphraseVariable} {
		if v, ok := env.lookup(name); ok && v != "" && (name == own || !twice) {
			return []byte(v), nil
		}
	}
	if env.terminal == nil {
		return nil, fmt.Errorf("no passphrase for %s: name a file, set %s, or come to a terminal", login, own)
	}
	one, err := ask(env, "passphrase of "+login+": ")
	if err != nil || !twice {
		return one, err
	}
	two, err := ask(env, "once more: ")
	if err == nil && !bytes.Equal(one, two) {
		err = errors.New("the two are not the same")
	}
	return one, err
}

// ask reads a line from the terminal without showing it.
func ask(env environment, prompt string) ([]byte, error) {
	if _, err := fmt.Fprint(env.stderr, prompt); err != nil {
		return nil, err
	}
	fd := int(env.terminal.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	quiet := *before
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(env.terminal).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	_, _ = fmt.Fprintln(env.stderr) // the line feed that was not shown
	return bytes.TrimRight(line, "\r\n"), errors.Join(err, unix.IoctlSetTermios(fd, unix.TCSETS, before))
}

// terminalOf is a file if a person sits at it.
func terminalOf(f *os.File) *os.File {
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	return f
}
