package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/nehrbridge/nehrbridge/esignet"
)

func (a *app) keys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Keys for eSignet and DHIS2: make, publish, put into a key store",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Usage()
			return usage(errors.New("say new, jwks or keystore"))
		},
	}
	cmd.AddCommand(a.newKeyCommand(), a.jwksCommand(), a.keystoreCommand())
	return cmd
}

// keyReport says which key a command wrote, without the key.
type keyReport struct {
	File       string    `json:"file"`
	KeyID      string    `json:"kid,omitzero"`
	Algorithm  string    `json:"alg"`
	Alias      string    `json:"key_alias,omitzero"`
	X5T        string    `json:"x5t"`
	X5TS256    string    `json:"x5t#S256"`
	ValidUntil time.Time `json:"certificate_valid_until"`
}

func reportKey(file string, k *esignet.Key) keyReport {
	r := keyReport{File: file, KeyID: k.ID(), Algorithm: k.Algorithm(), ValidUntil: k.Certificate().NotAfter}
	r.X5T, r.X5TS256 = k.Thumbprints()
	return r
}

func (a *app) newKeyCommand() *cobra.Command {
	var algorithm, format, name string
	var bits, days int
	var force bool
	cmd := &cobra.Command{
		Use:   "new FILE",
		Short: "Make a private key with a certificate of its own, in a file that only its owner can read",
		Long: "Makes a key for one client of eSignet, which takes each key once only. RS256 works with every version and is all that DHIS2 takes; " +
			"ES256 and PS256 work since eSignet 1.7. On stdout stand kid and thumbprints.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			k, err := esignet.NewKey(algorithm, bits)
			if err != nil {
				return usage(err)
			}
			if err := selfSign(k, name, days); err != nil {
				return usage(err)
			}
			var data []byte
			switch format {
			case "pem":
				data, err = k.PEM()
			case "jwk":
				data, err = k.PrivateJWK()
			default:
				err = errors.New("--format: want pem or jwk")
			}
			if err == nil {
				err = esignet.WriteKeyFile(args[0], data, force)
			}
			if err != nil {
				return usage(err)
			}
			return a.printJSON(reportKey(args[0], k))
		},
	}
	cmd.Flags().StringVar(&algorithm, "alg", esignet.RS256, "RS256, PS256 or ES256")
	cmd.Flags().IntVar(&bits, "bits", 0, "length of an RSA key, 2048 to 4096 (default 2048)")
	cmd.Flags().StringVar(&format, "format", "pem", "pem (key and certificate) or jwk (key with kid and alg)")
	cmd.Flags().StringVar(&name, "name", "nehrbridge", "common name of the certificate")
	cmd.Flags().IntVar(&days, "days", 730, "how long the certificate is valid")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return cmd
}

// selfSign dates the certificate back a little, for the clocks of others.
func selfSign(k *esignet.Key, name string, days int) error {
	if days < 1 || days > 3650 {
		return errors.New("--days: want 1 to 3650")
	}
	now := time.Now().Truncate(time.Second)
	return k.SelfSign(name, now.Add(-time.Hour), now.AddDate(0, 0, days))
}

func (a *app) jwksCommand() *cobra.Command {
	var use, id, algorithm, passwordFile string
	cmd := &cobra.Command{
		Use:   "jwks FILE…",
		Short: "The public keys of private key files as a JWK Set, with certificates and thumbprints",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if id != "" && len(args) > 1 {
				return usage(errors.New("--kid names one key: give one file"))
			}
			var set []jsontext.Value
			for _, file := range args {
				k, err := loadKey(file, passwordFile)
				if err == nil {
					k, err = k.As(id, algorithm)
				}
				var public []byte
				if err == nil {
					public, err = k.PublicJWK(use)
				}
				if err != nil {
					return usage(fmt.Errorf("%s: %w", file, err))
				}
				set = append(set, public)
			}
			doc := []byte(`{"keys":[`)
			for i, k := range set {
				if i > 0 {
					doc = append(doc, ',')
				}
				doc = append(doc, k...)
			}
			return a.printIndented(append(doc, "]}"...))
		},
	}
	cmd.Flags().StringVar(&use, "use", esignet.UseSignature, "sig or enc")
	cmd.Flags().StringVar(&id, "kid", "", "name of the key (default: the file's, or the thumbprint)")
	cmd.Flags().StringVar(&algorithm, "alg", "", "algorithm, where the file cannot say it")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "file with the password of a PKCS#12 store")
	return cmd
}

func (a *app) keystoreCommand() *cobra.Command {
	var out, name, passwordFile string
	var days int
	var force bool
	cmd := &cobra.Command{
		Use:   "keystore FILE",
		Short: "A private key and its certificate as a PKCS#12 store, for keystore_path of dhis.conf",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" || passwordFile == "" {
				return usage(errors.New("name the store (--out) and the file with its password (--password-file)"))
			}
			password, err := readPassword(passwordFile)
			if err != nil {
				return usage(err)
			}
			k, err := loadKey(args[0], "")
			if err == nil && k.Certificate() == nil {
				err = selfSign(k, name, days)
			}
			var store []byte
			if err == nil {
				store, err = k.KeyStore(password)
			}
			if err == nil {
				err = esignet.WriteKeyFile(out, store, force)
			}
			if err != nil {
				return usage(err)
			}
			r := reportKey(out, k)
			// Java knows the entry by its alias, and DHIS2 uses that as kid.
			r.KeyID, r.Alias = "", esignet.KeyStoreAlias
			return a.printJSON(r)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the store to write")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "file with the password of the store")
	cmd.Flags().StringVar(&name, "name", "nehrbridge", "common name of the certificate, where the key has none")
	cmd.Flags().IntVar(&days, "days", 730, "how long that certificate is valid")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return cmd
}

func loadKey(file, passwordFile string) (*esignet.Key, error) {
	password := ""
	if passwordFile != "" {
		var err error
		if password, err = readPassword(passwordFile); err != nil {
			return nil, err
		}
	}
	return esignet.LoadKey(file, password)
}

// readPassword reads a password that stands alone in a file, its last line end
// left away. On a command line everybody on the machine could read it.
func readPassword(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(bytes.TrimSuffix(data, []byte("\n"))), "\r")
	if password == "" || strings.ContainsAny(password, "\r\n") {
		return "", fmt.Errorf("%s: want one line with the password", file)
	}
	return password, nil
}
