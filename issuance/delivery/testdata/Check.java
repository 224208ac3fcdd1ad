import java.io.FileInputStream;
import java.io.FileReader;
import java.io.InputStream;
import java.security.Security;
import java.security.cert.*;
import java.util.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** A second opinion by Bouncy Castle on the files of a folder: root sub sign enc .der, sub root .crl.der, sign.csr.pem. */
public class Check {
    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        String dir = args[0] + "/";
        CertificateFactory f = CertificateFactory.getInstance("X.509", "BC");
        X509Certificate root = cert(f, dir + "root.der"), sub = cert(f, dir + "sub.der");
        X509Certificate sign = cert(f, dir + "sign.der"), enc = cert(f, dir + "enc.der");
        X509CRL subCRL = crl(f, dir + "sub.crl.der"), rootCRL = crl(f, dir + "root.crl.der");
        root.verify(root.getPublicKey(), "BC");
        sub.verify(root.getPublicKey(), "BC");
        sign.verify(sub.getPublicKey(), "BC");
        enc.verify(sub.getPublicKey(), "BC");
        subCRL.verify(sub.getPublicKey(), "BC");
        rootCRL.verify(root.getPublicKey(), "BC");
        path(f, root, sub, sign, subCRL, rootCRL);
        try {
            path(f, root, sub, enc, subCRL, rootCRL);
            throw new IllegalStateException("the revoked certificate passed");
        } catch (CertPathValidatorException e) {
            if (!e.getMessage().contains("superseded")) {
                throw e;
            }
        }
        PKCS10CertificationRequest csr;
        try (PEMParser p = new PEMParser(new FileReader(dir + "sign.csr.pem"))) {
            csr = (PKCS10CertificationRequest) p.readObject();
        }
        if (!csr.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(sign.getPublicKey()))) {
            throw new IllegalStateException("the CSR was not signed by the certificate's key");
        }
        System.out.println("all holds");
    }

    private static void path(CertificateFactory f, X509Certificate root, X509Certificate sub, X509Certificate end, X509CRL... lists)
            throws Exception {
        PKIXParameters p = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        p.setRevocationEnabled(true);
        p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(Arrays.asList(lists)), "BC"));
        CertPathValidator.getInstance("PKIX", "BC").validate(f.generateCertPath(List.of(end, sub)), p);
    }

    private static X509Certificate cert(CertificateFactory f, String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            return (X509Certificate) f.generateCertificate(in);
        }
    }

    private static X509CRL crl(CertificateFactory f, String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            return (X509CRL) f.generateCRL(in);
        }
    }
}
