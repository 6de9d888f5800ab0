package config

import (
	"bytes"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// InFolder returns a copy of c as it would be if its main file were in another folder: what it
// names by a relative path in its own is named there. The files keep the contents that they were read with, so that
// configurations from different folders can be compared.
func (c *Config) InFolder(folder string) *Config {
	m := c.moveTo(folder)
	moved := m.copy(reflect.ValueOf(c)).Interface().(*Config)
	moved.StateFile = m.path(c.StateFile)
	if moved.AdminSocket != nil {
		moved.AdminSocket.Path = m.path(c.AdminSocket.Path)
	}
	for _, f := range moved.Frontends {
		for i := range f.Bind {
			f.Bind[i].Address = m.address(f.Bind[i].Address)
		}
	}
	for _, b := range moved.Backends {
		for _, s := range b.Servers {
			s.Address = m.address(s.Address)
		}
	}
	return moved
}

// AddressIn is the address of a bind or a server as InFolder makes it.
func (c *Config) AddressIn(folder, address string) string {
	return c.moveTo(folder).address(address)
}

// move is from one folder to another.
type move struct {
	from, to string
	sources  []Source // of what is moved
}

func (c *Config) moveTo(folder string) move {
	return move{filepath.Dir(c.Sources[0].Name), folder, c.Sources}
}

// isWritten tells whether a path is absolute because the admin wrote it so.
func (m move) isWritten(path string) bool {
	return filepath.IsAbs(path) && slices.ContainsFunc(m.sources, func(s Source) bool { return bytes.Contains(s.Data, []byte(path)) })
}

// path is a path of the folder in the other one, or one elsewhere as it is.
func (m move) path(path string) string {
	if path == "" || m.isWritten(path) {
		return path
	}
	within, err := filepath.Rel(m.from, path)
	if err != nil || !filepath.IsLocal(within) {
		return path
	}
	return filepath.Join(m.to, within)
}

func (m move) address(address string) string {
	if path, ok := strings.CutPrefix(address, "unix@"); ok {
		return "unix@" + m.path(path)
	}
	return address
}

// copy copies everything that may hold a Path, and moves these.
func (m move) copy(v reflect.Value) reflect.Value {
	if !mayName(v.Type()) || v.Kind() != reflect.Struct && v.IsNil() {
		return v
	}
	made := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		made.Set(reflect.New(v.Type().Elem()))
		made.Elem().Set(m.copy(v.Elem()))
	case reflect.Slice:
		made.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			made.Index(i).Set(m.copy(v.Index(i)))
		}
	case reflect.Map:
		made.Set(reflect.MakeMap(v.Type()))
		for _, key := range v.MapKeys() {
			made.SetMapIndex(key, m.copy(v.MapIndex(key)))
		}
	case reflect.Struct:
		if p, ok := v.Interface().(Path); ok {
			return reflect.ValueOf(Path{m.path(p.name), p.file})
		}
		made.Set(v)
		for i := range v.NumField() {
			if made.Field(i).CanSet() {
				made.Field(i).Set(m.copy(v.Field(i)))
			}
		}
	}
	return made
}
