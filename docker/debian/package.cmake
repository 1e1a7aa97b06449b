# What `cmake --install` and `cpack` put where. Debian packages, one for each program: see README.md

include(GNUInstallDirs)
set(packaging ${CMAKE_CURRENT_LIST_DIR})
set(made ${CMAKE_BINARY_DIR}/packaging)
file(MAKE_DIRECTORY ${made})
set(CPACK_COMPONENTS_ALL gateway device pki)

# Everything below is relative to the prefix but for /etc: its files are read there, whatever the prefix is.
set(units lib/systemd/system)

# What every package has: program, manual, completion, licence and change log.
foreach(program sallyport-gateway.8 sallyport-device.1 sallyport-pki.1)
  get_filename_component(name ${program} NAME_WE)
  string(REGEX REPLACE "^.*\\." "" section ${program})
  string(REPLACE "sallyport-" "" component ${name})
  set(manual ${made}/${program}.gz)
  set(completion ${made}/${name}.bash)
  add_custom_command(OUTPUT ${manual} ${completion}
    COMMAND python3 -B ${packaging}/command_pages.py $<TARGET_FILE:${name}> ${packaging}/manuals/${program}.in
            ${manual} ${completion} ${PROJECT_VERSION}
    DEPENDS ${name} ${packaging}/command_pages.py ${packaging}/manuals/${program}.in VERBATIM)
  list(APPEND pages ${manual} ${completion})

  install(TARGETS ${name} RUNTIME COMPONENT ${component})
  install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
  install(FILES ${completion} DESTINATION share/bash-completion/completions RENAME ${name} COMPONENT ${component})
  install(FILES ${made}/changelog.gz DESTINATION share/doc/${name} COMPONENT ${component})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/${name} RENAME copyright COMPONENT ${component})

  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SHLIBDEPS ON)
endforeach()
add_custom_command(OUTPUT ${made}/changelog.gz
  COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${made}/changelog.gz
  DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md VERBATIM)
add_custom_target(manuals ALL DEPENDS ${pages} ${made}/changelog.gz)

# ---- the gateway ---------------------------------------------------------------------------------
# Its configuration is the example, with the key and the certificate from systemd's credentials, and with its state.
file(READ ${PROJECT_SOURCE_DIR}/config/gateway.example.yaml configuration)
foreach(change
    "{chain: server.chain.pem, key: server.key}|{chain: {credential: server.chain.pem}, key: {credential: server.key}}"
    "# state: /var/lib/sallyport |state: /var/lib/sallyport ")
  string(REPLACE "|" ";" change "${change}")
  list(GET change 0 from)
  list(GET change 1 to)
  string(FIND "${configuration}" "${from}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "config/gateway.example.yaml has no '${from}' that the package could change")
  endif()
  string(REPLACE "${from}" "${to}" configuration "${configuration}")
endforeach()
file(CONFIGURE OUTPUT ${made}/gateway.yaml CONTENT "@configuration@" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/config/gateway.example.yaml)

set(systemd ${PROJECT_SOURCE_DIR}/docker/systemd)
install(FILES ${made}/gateway.yaml DESTINATION /etc/sallyport COMPONENT gateway)
install(DIRECTORY DESTINATION /etc/sallyport/crl COMPONENT gateway)
install(FILES ${packaging}/gateway.logrotate DESTINATION /etc/logrotate.d RENAME sallyport-gateway COMPONENT gateway)
install(FILES ${systemd}/sallyport-gateway.service ${systemd}/sallyport-gateway.socket DESTINATION ${units}
        COMPONENT gateway)
install(FILES ${PROJECT_SOURCE_DIR}/config/gateway.example.yaml ${PROJECT_SOURCE_DIR}/config/aws-s3.example.yaml
        ${systemd}/low-ports.conf DESTINATION share/doc/sallyport-gateway/examples COMPONENT gateway)
foreach(folder prometheus grafana)
  if(EXISTS ${PROJECT_SOURCE_DIR}/config/${folder})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/${folder} DESTINATION share/doc/sallyport-gateway/examples
            COMPONENT gateway FILES_MATCHING PATTERN *.yaml PATTERN *.json)
  endif()
endforeach()

# ---- device and PKI tool -------------------------------------------------------------------------
install(FILES ${PROJECT_SOURCE_DIR}/config/demo/config-01.09.json DESTINATION share/doc/sallyport-device/examples
        COMPONENT device)
install(FILES ${systemd}/sallyport-crl.service ${systemd}/sallyport-crl.timer DESTINATION ${units} COMPONENT pki)
install(FILES ${PROJECT_SOURCE_DIR}/config/depot.example.yaml DESTINATION share/doc/sallyport-pki/examples
        COMPONENT pki)

# ---- Debian --------------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sallyport)
set(CPACK_PACKAGE_VENDOR Sallyport)
set(CPACK_PACKAGE_CONTACT "Sallyport maintainers <maintainers@sallyport.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # else it stands before the first line of each description
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_GATEWAY_PACKAGE_SECTION net)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_RECOMMENDS "ca-certificates, logrotate")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_SUGGESTS "sallyport-pki, prometheus")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_EXTRA
    ${packaging}/gateway/conffiles ${packaging}/gateway/postinst ${packaging}/gateway/prerm ${packaging}/gateway/postrm)
set(CPACK_COMPONENT_GATEWAY_DESCRIPTION
  "TLS-terminating S3 gateway with device mutual authentication
Sallyport stands in front of any S3 store (MinIO, AWS S3, Ceph) and lets a device in only with a certificate that has not
been revoked. It decides by that certificate what the device may touch, forwards the device's own signed requests, and
reports to Prometheus.")

set(CPACK_DEBIAN_DEVICE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_DEVICE_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_COMPONENT_DEVICE_DESCRIPTION
  "uploads a device's log files to S3 over mutual TLS
The device's half of Sallyport: it uploads log files from a card, deletes only what the store has confirmed, and takes
configuration, firmware and certificates over the air.")

set(CPACK_DEBIAN_PKI_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PKI_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PKI_PACKAGE_CONTROL_EXTRA
    ${packaging}/pki/postinst ${packaging}/pki/prerm ${packaging}/pki/postrm)
set(CPACK_COMPONENT_PKI_DESCRIPTION
  "certificate authority for fleets of devices behind Sallyport
Issues, renews and revokes certificates of devices, servers and operators, publishes CRLs, and waits until the gateways
enforce them.")
include(CPack)
