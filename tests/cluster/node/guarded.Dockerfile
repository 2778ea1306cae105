# kind's own node image behind our egress guard. Its entrypoint starts only
# once the guard is in place; "&&" is what makes it fail closed.
ARG BASE
FROM ${BASE}
ARG POD_SUBNET
ARG SERVICE_SUBNET
COPY guard/ /
RUN chmod 0755 /usr/local/sbin/egress-guard \
    && printf 'POD_SUBNET=%s\nSERVICE_SUBNET=%s\n' "${POD_SUBNET}" "${SERVICE_SUBNET}" \
       > /etc/egress-guard.conf \
    && systemctl enable egress-guard.service
ENTRYPOINT ["/bin/sh", "-c", "egress-guard load && exec /usr/local/bin/entrypoint \"$@\"", "sh", "/sbin/init"]
