package rp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// SealKey encrypts evidence at rest: AES-256-GCM.
type SealKey struct {
	id   string
	aead cipher.AEAD
}

// NewSealKey makes the text of a new key, for a file that only its owner can read.
func NewSealKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// ParseSealKey reads a key as NewSealKey or `openssl rand -base64 32` writes it.
func ParseSealKey(text string) (*SealKey, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != 32 {
		return nil, errors.New("not an evidence key: want 32 random bytes in base64, as openssl rand -base64 32 writes them")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("evidence key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("evidence key: %w", err)
	}
	// The name tells which key opens a record, and nothing about the key.
	sum := sha256.Sum256(append([]byte("nehrbridge evidence key "), key...))
	return &SealKey{id: hex.EncodeToString(sum[:8]), aead: aead}, nil
}

// ID names the key; it stands beside what it encrypted.
func (k *SealKey) ID() string { return k.id }

// String is the name, so that no log shows the key.
func (k *SealKey) String() string { return "evidence key " + k.id }

// seal encrypts; context must be the same to open it.
func (k *SealKey) seal(plain []byte, context string) []byte {
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(plain)+k.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return k.aead.Seal(nonce, nonce, plain, []byte(context))
}

func (k *SealKey) open(sealed []byte, context string) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("too short")
	}
	return k.aead.Open(nil, sealed[:n], sealed[n:], []byte(context))
}
