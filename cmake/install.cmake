# What `cmake --install` puts where. A package sets the folders of units and rules to what its distribution wants.
set(MPSI_UNIT_DIR lib/systemd/system CACHE PATH "Where systemd's units go")
set(MPSI_RULES_DIR lib/udev/rules.d CACHE PATH "Where udev's rules go")

install(TARGETS mpsi mpsi-verify-wipe RUNTIME)
install(TARGETS mpsid mpsi-siem mpsi-alert RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS mpsi-gate mpsi-tsa mpsi-popup RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/mpsi)
install(DIRECTORY forms labels DESTINATION ${CMAKE_INSTALL_DATADIR}/mpsi)

set(MPSI_GATE ${CMAKE_INSTALL_FULL_LIBEXECDIR}/mpsi/mpsi-gate)
set(MPSI_GROUP mpsi) # of the account that the gated nodes belong to, STATION_USER in the code
foreach(rules 10-mpsi-gate 90-mpsi-hide 91-mpsi-mapping)
    configure_file(udev-rules/${rules}.rules.in ${CMAKE_BINARY_DIR}/${rules}.rules @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/${rules}.rules DESTINATION ${MPSI_RULES_DIR})
endforeach()
install(FILES udev-rules/72-mpsi-seat.rules DESTINATION ${MPSI_RULES_DIR})

configure_file(polkit/mpsi.rules.in ${CMAKE_BINARY_DIR}/polkit-mpsi.rules @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/polkit-mpsi.rules DESTINATION ${CMAKE_INSTALL_DATADIR}/polkit-1/rules.d RENAME mpsi.rules)

foreach(unit mpsid mpsi-siem mpsi-alert mpsid-order@)
    configure_file(systemd/${unit}.service.in ${CMAKE_BINARY_DIR}/${unit}.service @ONLY)
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/mpsid.service ${CMAKE_BINARY_DIR}/mpsi-siem.service ${CMAKE_BINARY_DIR}/mpsi-alert.service
    ${CMAKE_BINARY_DIR}/mpsid-order@.service systemd/mpsid.socket systemd/mpsid-order.socket systemd/mpsi-alert.timer
    DESTINATION ${MPSI_UNIT_DIR})
install(FILES systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME mpsi.conf)
install(FILES systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME mpsi.conf)

configure_file(etc/mpsi-popup.desktop.in ${CMAKE_BINARY_DIR}/mpsi-popup.desktop @ONLY)

# The programs read /etc/mpsi/mpsi.conf wherever they are installed; a folder for a look stays a folder. One that is there is
# somebody's work.
install(CODE "
    set(config_dir \"\${CMAKE_INSTALL_PREFIX}/etc/mpsi\")
    if(CMAKE_INSTALL_PREFIX MATCHES \"^/usr(/local)?/?$\")
        set(config_dir /etc/mpsi)
    endif()
    # Desktops start what lies in /etc/xdg/autostart, wherever the program is.
    file(INSTALL \"${CMAKE_BINARY_DIR}/mpsi-popup.desktop\" DESTINATION \"\${config_dir}/../xdg/autostart\")
    if(NOT EXISTS \"\$ENV{DESTDIR}\${config_dir}/mpsi.conf\")
        file(INSTALL \"${CMAKE_SOURCE_DIR}/etc/mpsi.conf\" DESTINATION \"\${config_dir}\")
    endif()")

# Made by the program itself from the table of verbs, when it is installed.
install(CODE "
    foreach(word man completion)
        execute_process(COMMAND \"$<TARGET_FILE:mpsi>\" --lang en \${word} OUTPUT_FILE \"${CMAKE_BINARY_DIR}/mpsi.\${word}\"
            COMMAND_ERROR_IS_FATAL ANY)
    endforeach()")
install(FILES ${CMAKE_BINARY_DIR}/mpsi.man DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 RENAME mpsi.1)
install(FILES ${CMAKE_BINARY_DIR}/mpsi.completion DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mpsi)
install(FILES man/mpsi-siem.8 man/mpsi-alert.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES man/mpsi-verify-wipe.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES man/es/mpsi-verify-wipe.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/es/man1)
foreach(language "" es/)
    install(FILES man/${language}mpsid.8 man/${language}mpsi-gate.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/${language}man8)
    install(FILES man/${language}mpsi.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/${language}man5)
endforeach()
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
